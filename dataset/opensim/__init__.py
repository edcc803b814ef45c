"""What is read from an OpenSim model: skeleton, bone meshes and muscle geometry."""
