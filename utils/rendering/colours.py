"""Colours that all renderers share."""

BACKGROUND = "#ffffff"
HIP_PATH_COLOUR = "#f5b800"
TEXT_COLOUR = "#222222"
FAINT_TEXT_COLOUR = "#777777"
# No activation to full activation: from cool and dark to warm and bright, told apart by the colour-blind as well.
ACTIVATION_COLOURS = ["#27348b", "#4b3a9e", "#7d3c98", "#b03a7e", "#d63a55", "#ef4a32", "#ff7a1f"]
# Depth lines of --compare: the first motion's and the second's.
DEPTH_COLOURS = ("#1f9d3a", "#d62728")
# Bones; in an overlay, each motion's in its own colour.
BONE_COLOURS = ("#efe6d0", "#7fa8d1", "#d9966f", "#93bf8e", "#b79fd0", "#c9c9c9")
