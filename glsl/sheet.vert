#version 120
// Everything on a canvas: coloured, textured triangles.
// a_vertex: x, y in px from the top left corner, texture u, v 0..1; a_color: RGBA 0..1, not premultiplied
// u_size: width, height of the canvas in px
attribute vec4 a_vertex;
attribute vec4 a_color;
uniform vec2 u_size;
varying vec2 v_uv;
varying vec4 v_color;

void main() {
    vec2 unit = a_vertex.xy / u_size * 2.0 - 1.0;
    gl_Position = vec4(unit.x, -unit.y, 0.0, 1.0);
    v_uv = a_vertex.zw;
    v_color = vec4(a_color.rgb * a_color.a, a_color.a);
}
