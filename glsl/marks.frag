#version 120
// v_color: premultiplied RGBA 0..1; v_clip: left, top, right, bottom of the panel in px from the top left corner
// v_shape: disc: x, y of its middle, radius + 0.5, -1; stroke: px from its middle line, 0, half width + 0.5,
//   most coverage; u_size: width, height of the canvas in px
uniform vec2 u_size;
varying vec4 v_color;
varying vec4 v_clip;
varying vec4 v_shape;

void main() {
    vec2 here = vec2(gl_FragCoord.x, u_size.y - gl_FragCoord.y);
    if (any(lessThan(here, v_clip.xy)) || any(greaterThan(here, v_clip.zw))) discard;
    bool disc = v_shape.w < 0.0;
    float off = disc ? distance(here, v_shape.xy) : abs(v_shape.x);
    gl_FragColor = v_color * clamp(v_shape.z - off, 0.0, disc ? 1.0 : v_shape.w);
}
