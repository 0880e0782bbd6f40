#version 120
// u_texture: premultiplied RGBA 0..1; v_uv: place in it 0..1; v_color: premultiplied RGBA 0..1
uniform sampler2D u_texture;
varying vec2 v_uv;
varying vec4 v_color;

void main() {
    gl_FragColor = v_color * texture2D(u_texture, v_uv);
}
