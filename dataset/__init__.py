"""Data: motion files, OpenSim models, OpenCap sessions, repetitions, windows and the demo sessions."""
