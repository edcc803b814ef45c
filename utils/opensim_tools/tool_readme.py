"""The page that explains a folder for OpenSim's tools to whoever opens it."""

from collections.abc import Sequence
from pathlib import Path

from torch import Tensor

from dataset.io.atomic_write import atomic_write

_TEXT = """# {name}: a simulation to repeat with OpenSim

This folder holds a squat, the subject's model and the ground reaction forces that were simulated from the motion alone
(no force plate). OpenSim's own tools find joint moments and muscle activations from them, without the program that
made it. Everything is relative to this folder, which can be moved.

| file | content |
|---|---|
| `model.osim` | the subject's model, with the changes that are listed below |
| `motion.mot` | the motion as simulated: filtered, and the trunk adjusted, by up to some degrees; radians and metres |
| `ground_reaction.mot` | ground reaction on heels (calcn) and toes, in ground: force (N), its point (m), torque (Nm) |
| `ground_reaction.xml` | external loads, which apply these |
| `inverse_dynamics.xml` | set-up of the inverse dynamics tool |
| `static_optimization.xml` | set-up of static optimisation with the model's own muscles, `forces.xml` |
| `static_optimization_de_groote.xml` | the same with the simulation's muscles, `forces_de_groote.xml` |
| `simulation_moments.sto` | joint moments of the simulation, to compare with |
| `simulation_activations.sto` | its muscle activations |
| `simulation_reserves.sto` | moments that its muscles could not supply, Nm |

## What to run

In OpenSim: File > Open Model, `model.osim`; File > Load Motion, `motion.mot`. Then Tools > Inverse Dynamics, Load,
`inverse_dynamics.xml`, Run; and Tools > Static Optimization, Load, `static_optimization_de_groote.xml`, Run.

On the command line, in this folder:

```
opensim-cmd run-tool inverse_dynamics.xml
opensim-cmd run-tool static_optimization_de_groote.xml
```

In Python (`pip install opensim`), in this folder:

```python
import opensim

opensim.InverseDynamicsTool("inverse_dynamics.xml").run()
opensim.AnalyzeTool("static_optimization_de_groote.xml").run()
```

The tools are set up for {start:.2f} to {end:.2f} s and write into `results/`. Do not filter the motion again. The files
hold more of it than that, because splines are inaccurate at their ends.

## What to expect

- `results/inverse_dynamics.sto` equals `simulation_moments.sto` within 0.5 Nm. The simulation adds the moment of the
  patella (`knee_angle_*_beta`) to that of the knee, which it is coupled to.
- What is left over at the pelvis is what the ground reaction forces do not explain, in the simulation as in OpenSim:
  {residual_n} N RMS (x, y, z) and {residual_nm} Nm RMS (tilt, list, rotation).
- `results/static_optimization_de_groote_StaticOptimization_activation.sto` follows `simulation_activations.sto`, the
  vasti within 0.03. Its muscles are OpenSim's `DeGrooteFregly2016Muscle`, with two constants for each muscle: OpenSim's
  static optimisation takes tendons as rigid, and applies the force of the fibres whole, without the cosine of the
  pennation angle (OpenSim 4.6). In the simulation tendons stretch and pennation counts. So each tendon has its mean
  length in this motion, and each maximal isometric force is multiplied by the mean cosine.
  In a model with `knee_adduction_r` and `_l`, these move OpenSim's muscles but not those of the simulation, and the
  difference may reach 0.05 in single frames.
- With the model's own muscles (`static_optimization.xml`) neither is made up for, and the curves of the muscles differ
  as well: vastus medialis may be a fifth stronger than in the simulation.

## What was changed

{changes}
- Static optimisation replaces the forces of the model by the muscles, with the smallest activation of the simulation,
  and by reserve actuators: those of the simulation at the joints of the legs, and large ones elsewhere.
- Passive forces of muscles are left out, in the simulation as in OpenSim's static optimisation.

## If you make a motion file of your own

OpenSim converts degrees of rotational coordinates only. `knee_angle_r_beta` and `knee_angle_l_beta`, the patella's, are
coupled, so their columns have to be in radians even in a file of degrees; with degrees, the hip moments of inverse
dynamics are wrong by tens of newton metres, and nothing says so.
"""


def write_readme(path: Path, name: str, span_s: tuple[float, float], residuals: Tensor, changes: Sequence[str]) -> None:
    """Write the page.

    Args:
        path: the file (.md).
        name: of the motion.
        span_s: for which the tools are set up.
        residuals: (T, 6) of the simulation in that span, Nm for rotations and N for translations.
        changes: what was changed in the model, a sentence each.
    """
    rms = residuals.square().mean(0).sqrt().tolist()
    text = _TEXT.format(
        name=name,
        start=span_s[0],
        end=span_s[1],
        residual_nm=", ".join(f"{value:.1f}" for value in rms[:3]),
        residual_n=", ".join(f"{value:.1f}" for value in rms[3:]),
        changes="\n".join(f"- {change}" for change in changes or ["`model.osim` is the subject's model, unchanged."]),
    )
    with atomic_write(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
