"""Videos and figures of motions on a subject's skeleton, drawn without a display or a GPU.

`render(RenderConfig(...))` reads motions and writes files. From arrays: `make_actor`, then `render_video` or
`render_phase_strip`. Pictures are drawn with OpenGL or, where no OpenGL library is found, as stick figures with
matplotlib.
"""
