"""Retargeting of joint positions to a subject's skeleton, and the joint positions of a subject's own trials."""
