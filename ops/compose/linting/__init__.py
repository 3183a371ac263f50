"""The parts of ./lint: sources that know their lines, the deployment they make up, and rules about it."""
