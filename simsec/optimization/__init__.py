"""Location models, the deployment model, the search for a plan and the proof of it."""
