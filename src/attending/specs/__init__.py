"""What a team asks for: YAML read into frozen models, errors with file, line and field."""
