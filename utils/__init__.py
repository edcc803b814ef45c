"""What serves the models: guidance, quantities, checkpoints, logging and reports."""
