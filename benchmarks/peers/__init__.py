"""The peers' bots, written as their own documentation does. They run in .venv-bench and import nothing of ours."""
