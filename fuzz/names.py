"""Names of the readers that are fuzzed."""

READER_NAMES = (
    "motion",
    "model",
    "mesh",
    "array",
    "generated",
    "smpl",
    "smpl-model",
    "checkpoint",
    "latents",
    "constraints",
    "constraint",
    "metadata",
    "ids",
    "record",
    "result",
)
