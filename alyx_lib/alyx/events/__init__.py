"""Events in memory: their schema, values, readers, generator and detector."""
