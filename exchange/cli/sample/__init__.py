"""A synthetic population: seeded persons, their statements, and native files of any size."""
