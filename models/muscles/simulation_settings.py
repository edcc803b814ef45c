"""Assumptions of the simulation by static optimisation."""

from dataclasses import dataclass

from models.conventions import FRAME_RATE_HZ

# Another one wherever the simulation comes to find something else of the same motion, so that results are made anew.
SIMULATION_VERSION = "2"
# At both ends of a motion the filters lack neighbouring frames: activations within this margin are unreliable.
FILTER_MARGIN_S = 0.2
FILTER_MARGIN_FRAMES = round(FILTER_MARGIN_S * FRAME_RATE_HZ)
# Coordinates that muscles and a rigid foot hardly actuate, which therefore have large reserve actuators.
WEAKLY_ACTUATED = ("hip_rotation", "mtp_angle")


@dataclass(frozen=True, kw_only=True)
class SimulationSettings:
    """Assumptions of the simulation by static optimisation.

    A reserve or residual actuator of the given size costs as much as one muscle at full activation.

    Attributes:
        activation_floor: smallest activation; 0.05 is the bound of OpenCap's squat simulations, 0.01 its other setting.
        coordinate_cutoff_hz: cut-off frequency of the low-pass filter of the coordinates; with less smoothing the
            centre of pressure leaves the foot. Generalised forces are not filtered: they are those of the filtered
            motion, as OpenSim's inverse dynamics finds them too.
        ground_cutoff_hz: cut-off frequency of the low-pass filter of the ground reaction forces.
        torso_mass_height: height of the torso's mass centre above the lumbar joint, relative to the model's. A lower
            one stands for the bending spine and the level head that a rigid torso lacks. Force plates of two people ask
            for 0.5, OpenCap's simulations, whose torso is the model's, for 1.
        trunk_adjustment_deg: rotation of the torso that is as likely an error of the motion as a centre of pressure
            3 cm away from its usual place; at most 2 degrees are added. 0 leaves the torso as it is.
        reserve_nm: size of the reserve actuators of the legs.
        large_reserve_nm: size of the reserve actuators of the coordinates in `WEAKLY_ACTUATED`, as OpenCap's.
        residual_nm: size of the residual actuators of the pelvis's rotations.
        residual_n: size of the residual actuators of the pelvis's translations.
        vertical_symmetry: difference of the feet's vertical forces that costs as much as one muscle at full
            activation, in body weights.
        shear_symmetry: the same of the fore-aft forces, in body weights.
        pressure_symmetry_m: the same of the fore-aft moments of the vertical forces about the heels, in body weights
            times metres.
        knee_offset_m: how far medial of the knee centres the ground reaction forces pass by preference, metres.
        knee_line_m: the same of the sum of both legs' adduction moments of the ground reaction force about the knee,
            less those at `knee_offset_m`, in body weights times metres.
        inward_lean: inward force of a foot over its vertical force by preference.
        inward_force: the same of the sum of both feet's inward forces less those at `inward_lean`, in body weights.
        ground_weight: cost of the squared ground reaction forces, in body weights.
        passes: number of solutions of each quadratic program, each with tendons stretched by the previous activations.
        tolerance: of the quadratic programs; 1e-5 is enough for activations, their gradients need 1e-9.
        chunk: number of frames that are solved together on a CPU.
    """

    activation_floor: float = 0.05
    coordinate_cutoff_hz: float = 2.7
    ground_cutoff_hz: float = 4.0
    torso_mass_height: float = 0.75
    trunk_adjustment_deg: float = 2.0
    reserve_nm: float = 1.0
    large_reserve_nm: float = 30.0
    residual_nm: float = 1.0
    residual_n: float = 2.0
    vertical_symmetry: float = 1.5
    shear_symmetry: float = 0.02
    pressure_symmetry_m: float = 0.2
    knee_offset_m: float = 0.05
    knee_line_m: float = 0.03
    inward_lean: float = 0.1
    inward_force: float = 0.12
    ground_weight: float = 1e-2
    passes: int = 2
    tolerance: float = 1e-5
    chunk: int = 256
