"""Motions as videos and figures: `person = Person(model_path)`, `make_actor`, then `render_video` or `render_strip`.

Drawn by OpenGL without display or GPU (scene.py) and, where no OpenGL library is found, as a stick figure by matplotlib
(stick_figure.py).
"""
