"""What the registry knows, without input or output: enums, rules between fields, life cycles."""
