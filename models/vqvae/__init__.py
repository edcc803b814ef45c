"""The VQ-VAE of joint kinematics and its quantizers."""
