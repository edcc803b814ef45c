"""Export of motions to animation formats."""
