"""InfluxDB 2 as a store: facts to line protocol, the one edge to its client, readers in Flux."""
