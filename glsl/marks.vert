#version 120
// Data: discs (drawn as points) and straight strokes (two triangles each).
// a_here, a_next: ends of a stroke in px from the top left corner; of a disc both are its middle
// a_style: corner of a stroke 0..3 (0, 1 here, 2, 3 next; odd on the far side) or -1 for a disc; half the width,
//   across a level or upright stroke, or the radius of the disc, px
// a_color: RGBA 0..1, not premultiplied; a_clip: left, top, right, bottom of the panel in px
// u_size: width, height of the canvas in px
attribute vec2 a_here;
attribute vec2 a_next;
attribute vec2 a_style;
attribute vec4 a_color;
attribute vec4 a_clip;
uniform vec2 u_size;
varying vec4 v_color;
varying vec4 v_clip;
varying vec4 v_shape;

void main() {
    vec2 place = a_here;
    if (a_style.x < 0.0) {
        gl_PointSize = 2.0 * ceil(a_style.y - 0.5) + 1.0;
        v_shape = vec4(place, a_style.y + 0.5, -1.0);
    } else {
        // Ends are cut along the shorter axis, so that strokes of a line join without covering a pixel twice.
        vec2 along = abs(a_next - a_here);
        bool steep = along.y > along.x;
        float slope = min(along.x, along.y) / max(max(along.x, along.y), 1e-9);
        float reach = a_style.y * sqrt(1.0 + slope * slope);
        float across = (mod(a_style.x, 2.0) * 2.0 - 1.0) * (reach + 0.5);
        place = (a_style.x < 1.5 ? a_here : a_next) + (steep ? vec2(across, 0.0) : vec2(0.0, across));
        v_shape = vec4(across, 0.0, reach + 0.5, min(2.0 * reach, 1.0));
        gl_PointSize = 1.0;
    }
    v_color = vec4(a_color.rgb * a_color.a, a_color.a);
    v_clip = a_clip;
    vec2 unit = place / u_size * 2.0 - 1.0;
    gl_Position = vec4(unit.x, -unit.y, 0.0, 1.0);
}
