"""OpenSim's own inverse dynamics and static optimisation of a motion, with our ground reaction forces as its loads."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import opensim

from dataset.io.motion import Motion
from models.conventions import COORDINATE_INDEX, COORDINATES, MUSCLES, SIDES, TRANSLATIONS
from models.muscles.moment_arms import LEG_COORDINATES
from models.muscles.simulation_settings import WEAKLY_ACTUATED, SimulationSettings
from models.muscles.static_optimization import Simulation


def _write(path: Path, names: list[str], time_s: np.ndarray, data: np.ndarray) -> None:
    """An OpenSim storage file in radians and metres.

    Radians, because OpenSim's tools convert degrees of rotational coordinates only, and the patella's are coupled.
    """
    table = opensim.TimeSeriesTable(
        opensim.StdVectorDouble([float(t) for t in time_s]),
        opensim.Matrix.createFromMat(np.ascontiguousarray(data)),
        opensim.StdVectorString(names),
    )
    table.addTableMetaDataString("inDegrees", "no")
    opensim.STOFileAdapter.write(table, str(path))


def _read(path: Path) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    table = opensim.TimeSeriesTable(str(path))
    return np.array(table.getIndependentColumn()), {
        name: table.getDependentColumn(name).to_numpy() for name in table.getColumnLabels()
    }


@dataclass
class OpenSimSimulation:
    """Files of one motion for OpenSim's tools.

    Attributes:
        model_path: the subject's model.
        folder: for the files.
        motion: as simulated, that is with its coordinates filtered.
        simulation: ours, whose ground reaction forces are applied to the calcanei.
    """

    model_path: Path
    folder: Path
    motion: Motion
    simulation: Simulation

    def __post_init__(self) -> None:
        time_s = self.motion.time_s
        values = self.motion.coordinates * [1.0 if name in TRANSLATIONS else np.pi / 180 for name in COORDINATES]
        patellae = [COORDINATE_INDEX[f"knee_angle_{side}"] for side in SIDES]
        names = [*COORDINATES, *(f"knee_angle_{side}_beta" for side in SIDES)]
        _write(self.folder / "coordinates.sto", names, time_s, np.concatenate([values, values[:, patellae]], 1))
        columns = {}
        loads = opensim.ExternalLoads()
        loads.setDataFileName(str(self.folder / "ground_reaction.sto"))
        ours = self.simulation
        for foot, side in enumerate("rl"):
            force = opensim.ExternalForce()
            force.setName(side)
            force.set_applied_to_body(f"calcn_{side}")
            force.set_force_expressed_in_body("ground")
            force.set_point_expressed_in_body("ground")
            force.set_force_identifier(f"{side}_force_v")
            force.set_point_identifier(f"{side}_force_p")
            force.set_torque_identifier(f"{side}_torque_")
            loads.cloneAndAppend(force)
            parts = {"force_v": ours.ground_forces, "force_p": ours.centres_of_pressure, "torque_": ours.free_moments}
            for part, values in parts.items():
                columns |= {f"{side}_{part}{axis}": values[0, :, foot, i].numpy() for i, axis in enumerate("xyz")}
        _write(self.folder / "ground_reaction.sto", list(columns), time_s, np.stack(list(columns.values()), 1))
        loads.printToXML(str(self.folder / "loads.xml"))

    def inverse_dynamics(self) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Times, and generalised forces by coordinate, Nm and N, the patellae's added to the knees'."""
        tool = opensim.InverseDynamicsTool()
        tool.setModelFileName(str(self.model_path))
        tool.setCoordinatesFileName(str(self.folder / "coordinates.sto"))
        tool.setExternalLoadsFileName(str(self.folder / "loads.xml"))
        tool.setResultsDir(str(self.folder))
        tool.setOutputGenForceFileName("inverse_dynamics.sto")
        tool.setLowpassCutoffFrequency(-1)
        excluded = opensim.ArrayStr()
        excluded.append("Muscles")
        tool.setExcludedForces(excluded)
        tool.setStartTime(self.motion.time_s[0])
        tool.setEndTime(self.motion.time_s[-1])
        assert tool.run()
        time_s, columns = _read(self.folder / "inverse_dynamics.sto")
        forces: dict[str, np.ndarray] = {}
        for column, values in columns.items():
            name = column.removesuffix("_moment").removesuffix("_force").removesuffix("_beta")
            forces[name] = forces.get(name, 0.0) + values
        return time_s, forces

    def static_optimization(
        self, settings: SimulationSettings, margin: int, step: int, *, de_groote_rigid: bool
    ) -> tuple[np.ndarray, np.ndarray]:
        """OpenSim's StaticOptimization with the reserve actuators of `settings`.

        Args:
            settings: activation floor and sizes of the reserve actuators.
            margin: frames left out at both ends.
            step: every so many frames.
            de_groote_rigid: with De Groote's muscle curves and rigid tendons in place of the model's own muscles.

        Returns:
            Times, and activations (T, 80) in the order of MUSCLES.
        """
        model = opensim.Model(str(self.model_path))
        if de_groote_rigid:
            processor = opensim.ModelProcessor(model)
            processor.append(opensim.ModOpReplaceMusclesWithDeGrooteFregly2016())
            processor.append(opensim.ModOpIgnorePassiveFiberForcesDGF())
            processor.append(opensim.ModOpIgnoreTendonCompliance())
            model = processor.process()
        _add_reserves(model, settings)
        model.initSystem()
        model.printToXML(str(self.folder / "model.osim"))
        start_s, end_s = float(self.motion.time_s[margin]), float(self.motion.time_s[-1 - margin])
        analysis = opensim.StaticOptimization()
        analysis.setStartTime(start_s)
        analysis.setEndTime(end_s)
        analysis.setStepInterval(step)
        analysis.setActivationExponent(2)
        tool = opensim.AnalyzeTool()
        tool.setName("opensim")
        tool.setModelFilename(str(self.folder / "model.osim"))
        tool.setCoordinatesFileName(str(self.folder / "coordinates.sto"))
        tool.setExternalLoadsFileName(str(self.folder / "loads.xml"))
        tool.setLowpassCutoffFrequency(-1)
        tool.setStartTime(start_s)
        tool.setFinalTime(end_s)
        tool.setResultsDir(str(self.folder))
        tool.setSolveForEquilibrium(False)
        tool.setReplaceForceSet(False)
        tool.updAnalysisSet().cloneAndAppend(analysis)
        tool.printToXML(str(self.folder / "analyse.xml"))
        assert opensim.AnalyzeTool(str(self.folder / "analyse.xml"), True).run()
        time_s, columns = _read(self.folder / "opensim_StaticOptimization_activation.sto")
        return time_s, np.stack([columns[name] for name in MUSCLES], 1)


def _add_reserves(model: opensim.Model, settings: SimulationSettings) -> None:
    """Actuators of every coordinate that has none, of the sizes in `settings`; and the muscles' least activation."""
    forces, actuated = model.updForceSet(), set()
    for i in range(forces.getSize()):
        actuator, muscle = (kind.safeDownCast(forces.get(i)) for kind in (opensim.CoordinateActuator, opensim.Muscle))
        if actuator is not None:
            actuated.add(actuator.get_coordinate())
        if muscle is not None:
            muscle.setMinControl(settings.activation_floor)
    for i in range(model.getCoordinateSet().getSize()):
        name = model.getCoordinateSet().get(i).getName()
        if name in actuated or name.endswith("_beta"):
            continue
        if name.startswith("pelvis"):
            size = settings.residual_n if name in TRANSLATIONS else settings.residual_nm
        elif name[:-2] in LEG_COORDINATES:
            size = settings.large_reserve_nm if name[:-2] in WEAKLY_ACTUATED else settings.reserve_nm
        else:
            size = 10.0  # wrists, which no muscle of the legs depends on
        reserve = opensim.CoordinateActuator(name)
        reserve.setName(f"{name}_reserve")
        reserve.setOptimalForce(size)
        reserve.setMinControl(-1e4)
        reserve.setMaxControl(1e4)
        forces.cloneAndAppend(reserve)
