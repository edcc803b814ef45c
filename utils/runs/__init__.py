"""Run folders, records of settings, devices and TensorBoard."""
