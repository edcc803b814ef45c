"""Files and data: motion files, OpenCap sessions, repetitions, windows and the demo sessions."""
