-- title: A place is used again only after its entry was withdrawn
-- points: 3
-- level: core
-- run: collide
-- least: 200
-- hint: A valid entry that is just written over is an eviction that nobody was told of: not the CPUs, not hash_count(), not the
--   trace.
SELECT * FROM placing ORDER BY id
