"""Guidance of people into run folders: one person, or many in several processes."""
