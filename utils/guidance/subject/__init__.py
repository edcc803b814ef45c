"""The frozen networks and the subject that guidance generates motion for."""
