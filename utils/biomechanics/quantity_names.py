"""Names of quantities that people use, in English and German, beside those of the registry; without their sides."""

OTHER_NAMES = {
    "knee_angle": "knee_flexion", "knee_bend": "knee_flexion", "hip_angle": "hip_flexion",
    "ankle_angle": "ankle_dorsiflexion", "ankle_flexion": "ankle_dorsiflexion", "dorsiflexion": "ankle_dorsiflexion",
    "df": "ankle_dorsiflexion", "ankle_df": "ankle_dorsiflexion", "shin_angle": "ankle_dorsiflexion",
    "tibia_angle": "ankle_dorsiflexion", "trunk_flexion": "trunk_lean", "trunk_inclination": "trunk_lean",
    "trunk_angle": "trunk_lean", "forward_lean": "trunk_lean", "muscle_activation": "activation",
    "muscle_activity": "activation", "emg": "activation", "weight_bearing": "load_share",
    "weightbearing": "load_share", "load": "load_share", "weight_share": "load_share", "leg_load": "load_share",
    "foot_load": "load_share", "limb_load": "load_share", "limb_loading": "load_share", "load_on": "load_share",
    "load_distribution": "load_share", "weight_distribution": "load_share", "weight_shift": "load_share",
    "net_cop": "net_centre_of_pressure", "net_center_of_pressure": "net_centre_of_pressure",
    "pressure_centre": "centre_of_pressure", "cop": "centre_of_pressure", "center_of_pressure": "centre_of_pressure",
    "knee_extensor_moment": "knee_extension_moment", "hip_extensor_moment": "hip_extension_moment",
    "plantarflexion_moment": "ankle_plantarflexion_moment", "ankle_moment": "ankle_plantarflexion_moment",
    "knee_moment": "knee_extension_moment", "hip_moment": "hip_extension_moment",
    "knee_torque": "knee_extension_moment", "hip_torque": "hip_extension_moment",
    "ankle_torque": "ankle_plantarflexion_moment", "ground_reaction_force": "ground_reaction",
    "grf": "ground_reaction", "vgrf": "ground_reaction", "vertical_ground_reaction_force": "ground_reaction",
    "valgus": "knee_valgus", "dynamic_valgus": "knee_valgus", "dynamic_knee_valgus": "knee_valgus",
    "medial_knee_displacement": "knee_valgus", "toe_out_angle": "toe_out", "foot_progression_angle": "toe_out",
    "toeing_out": "toe_out", "out_toeing": "toe_out", "thigh_angle": "thigh_below_parallel",
    "duration": "repetition_time", "repetition_duration": "repetition_time", "change": "change_from_own",
    "heel_rise": "heel_lift", "heel_raise": "heel_lift", "heel_height": "heel_lift", "step_width": "stance_width",
    "stance": "stance_width", "angular_velocity": "angular_speed",
    **{f"patellofemoral_{what}": "patellofemoral_compression" for what in (
        "force", "load", "joint_force", "joint_load", "joint_compression", "joint_reaction_force")},
    **dict.fromkeys(("kneecap_force", "pfj_force", "pfj_load", "pfj_compression", "pfjrf", "pfj_reaction_force"),
                    "patellofemoral_compression"),
    **{f"{name}{what}": time for time, names in (
        ("descent_time", ("descent", "eccentric", "lowering")), ("ascent_time", ("ascent", "concentric", "rising")),
        ("hold_time", ("hold", "bottom_hold", "isometric_hold")))
        for name in names for what in ("", "_time", "_duration", "_phase")},
    # German, with ae, oe, ue and ss as `split_side` writes them
    "knieflexion": "knee_flexion", "kniebeugung": "knee_flexion", "kniewinkel": "knee_flexion",
    "kniebeugewinkel": "knee_flexion", "hueftflexion": "hip_flexion", "hueftbeugung": "hip_flexion",
    "hueftwinkel": "hip_flexion", "dorsalextension": "ankle_dorsiflexion", "dorsalflexion": "ankle_dorsiflexion",
    "rumpfneigung": "trunk_lean", "rumpfvorneigung": "trunk_lean", "oberkoerperneigung": "trunk_lean",
    "oberkoerpervorneigung": "trunk_lean", "standbreite": "stance_width", "fussabstand": "stance_width",
    "fersenhub": "heel_lift", "belastung": "load_share", "lastanteil": "load_share",
    "lastverteilung": "load_share", "gewichtsverteilung": "load_share", "aktivierung": "activation",
    "muskelaktivierung": "activation", "muskelaktivitaet": "activation", "knievalgus": "knee_valgus",
    "kniestreckmoment": "knee_extension_moment", "knieextensionsmoment": "knee_extension_moment",
    "hueftstreckmoment": "hip_extension_moment", "bodenreaktionskraft": "ground_reaction",
    "asymmetrie": "asymmetry", "senkzeit": "descent_time", "absenkzeit": "descent_time", "haltezeit": "hold_time",
    "exzentrisch": "descent_time", "exzentrische_phase": "descent_time", "konzentrisch": "ascent_time",
    "konzentrische_phase": "ascent_time", "wiederholungsdauer": "repetition_time",
}  # fmt: skip
_DEPTH = ("knee_flexion", "thigh_below_parallel", "pelvis_height")
_LATERAL_LEAN = ("coordinate:lumbar_bending", "trunk_lean")
_LIST = ("coordinate:pelvis_list",)
_SYMMETRY = ("asymmetry", "load_share")  # the more of one, the less of the other
_TEMPO = ("descent_time", "hold_time", "ascent_time", "repetition_time")
# Quantities or coordinates that a name may mean which is not that of one alone, or is another one that nobody computes
MAY_MEAN = {
    "pause": ("hold_time", "halfway_pause"), "pelvic_drop": (*_LIST, "pelvis_drop"),
    "hip_drop": (*_LIST, "pelvis_drop"), "pelvic_obliquity": _LIST, "hip_hike": _LIST, "trendelenburg": _LIST,
    "lateral_trunk_lean": _LATERAL_LEAN, "lateral_lean": _LATERAL_LEAN, "side_lean": _LATERAL_LEAN,
    "lumbar_flexion": ("coordinate:lumbar_extension", "trunk_lean"), "back_angle": ("trunk_lean",),
    "lumbar_lordosis": ("coordinate:lumbar_extension",), "butt_wink": ("pelvis_tilt", "coordinate:lumbar_extension"),
    "hip_internal_rotation": ("coordinate:hip_rotation",), "hip_external_rotation": ("coordinate:hip_rotation",),
    **dict.fromkeys(("depth", "squat_depth", "tiefe", "kniebeuge", "half_squat", "deep_squat"), _DEPTH),
    **dict.fromkeys(("tempo", "tut", "time_under_tension", "cadence"), _TEMPO),
    **dict.fromkeys(("symmetry", "limb_symmetry", "limb_symmetry_index", "lsi", "symmetrie"), _SYMMETRY),
    **dict.fromkeys(("kam", "knee_adduction_moment", "knee_abduction_moment"), ("knee_valgus", "hip_abduction_moment")),
    **dict.fromkeys(("kfm", "knee_flexion_moment", "external_knee_flexion_moment"), ("knee_extension_moment",)),
    **dict.fromkeys(("pfj_stress", "patellofemoral_stress", "patellofemoral_joint_stress"),
                    ("patellofemoral_compression",)),
    **dict.fromkeys(("fppa", "frontal_plane_projection_angle", "dkv", "knees_in", "genu_valgum", "x_bein"),
                    ("knee_valgus",)),
    **dict.fromkeys(("knee_over_toe", "knees_over_toes", "knee_past_toe"), ("ankle_dorsiflexion",)),
    **dict.fromkeys(("rom", "range_of_motion", "knee_rom", "knee_range_of_motion"), ("knee_flexion",)),
    "knee_extension": ("knee_flexion", "knee_extension_moment"),
    **dict.fromkeys(("knee", "knees", "knie"), ("knee_flexion", "knee_valgus", "knee_extension_moment")),
    **dict.fromkeys(("hip", "hips", "huefte"), ("hip_flexion", "hip_extension_moment")),
    **dict.fromkeys(("ankle", "ankles"), ("ankle_dorsiflexion", "ankle_plantarflexion_moment")),
    **dict.fromkeys(("velocity", "speed"), ("angular_speed", "com_speed")),
    **dict.fromkeys(("com_height", "centre_of_mass_height", "center_of_mass_height"), ("pelvis_height",)),
    **dict.fromkeys(("pelvic_tilt", "anterior_pelvic_tilt", "posterior_pelvic_tilt", "beckenkippung"),
                    ("pelvis_tilt",)),
    **dict.fromkeys(("base_of_support", "feet_apart"), ("stance_width",)),
    **dict.fromkeys(("wb", "pwb", "partial_weight_bearing", "teilbelastung"), ("load_share",)),
}  # fmt: skip
