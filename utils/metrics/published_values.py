"""The values that the BIGE paper publishes in its Tables 2 and 3 (Maheshwari et al., L4DC 2025)."""

# Row of the paper -> metric of the catalogue -> mean and standard deviation

PUBLISHED_ROWS: dict[str, dict[str, tuple[float, float | None]]] = {
    "Reference": {
        "diversity": (1.736, None),
        "penetration": (0.003, 0.057), "floating": (0.000, 0.021), "sliding": (0.035, 0.024),
        "pelvis_tilt": (-23.40, None), "asymmetry": (2.42, None), "omega": (90.04, None),
        "com_velocity": (0.54, None), "com_acceleration": (2.65, None), "mac": (0.08, None),
    },
    "MoCap": {
        "fidelity": (7.855, 9.902), "diversity": (1.773, 0.015),
        "penetration": (0.501, 0.987), "floating": (0.759, 1.649), "sliding": (0.209, 0.161),
        "pelvis_tilt": (-28.13, 6.03), "asymmetry": (2.76, 0.59), "omega": (96.24, 13.96),
        "com_velocity": (0.67, 0.14), "com_acceleration": (30.45, 5.55), "mac": (0.03, 0.03),
    },
    "MDM": {
        "fidelity": (257.95, 105.92), "diversity": (1.26, 0.05),
        "penetration": (2.685, 3.840), "floating": (3.216, 4.636), "sliding": (1.395, 2.672),
        "pelvis_tilt": (0.42, 1.87), "asymmetry": (2.25, 0.28), "omega": (554.10, 112.77),
        "com_velocity": (3.39, 0.79), "com_acceleration": (335.86, 81.37), "mac": (0.03, 0.02),
    },
    "T2M-GPT": {
        "fidelity": (459.49, 257.30), "diversity": (1.45, 0.05),
        "penetration": (1.997, 2.938), "floating": (2.440, 3.606), "sliding": (3.770, 4.758),
        "pelvis_tilt": (4.16, 2.42), "asymmetry": (4.73, 0.29), "omega": (918.14, 42.06),
        "com_velocity": (6.09, 0.48), "com_acceleration": (597.95, 54.60), "mac": (0.02, 0.01),
    },
    "VQ-VAE": {
        "fidelity": (45.99, 4.67), "diversity": (1.82, 0.03),
        "penetration": (2.035, 3.016), "floating": (2.331, 3.506), "sliding": (1.351, 0.830),
        "pelvis_tilt": (-20.69, 0.51), "asymmetry": (1.12, 0.03), "omega": (37.78, 0.42),
        "com_velocity": (1.59, 0.08), "com_acceleration": (128.24, 6.49), "mac": (0.16, 0.01),
    },
    "BIGE": {
        "fidelity": (6.48, 4.46), "diversity": (1.76, 0.03),
        "penetration": (2.327, 3.659), "floating": (2.379, 3.561), "sliding": (0.291, 0.255),
        "pelvis_tilt": (-23.09, 1.54), "asymmetry": (2.09, 0.14), "omega": (56.95, 1.94),
        "com_velocity": (0.51, 0.04), "com_acceleration": (27.32, 3.88), "mac": (0.06, 0.01),
    },
}  # fmt: skip

# Name of a method on the command line -> its row in the paper
BASELINES = {"bige": "BIGE", "mdm": "MDM", "t2m": "T2M-GPT", "vqvae": "VQ-VAE"}
