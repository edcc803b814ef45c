"""Retargeting of joint positions to a subject's skeleton."""
