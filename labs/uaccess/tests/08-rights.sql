-- title: What the program may not write the kernel does not write for it
-- points: 2
-- level: core
-- run: edge
-- least: 2
-- hint: a page that is there is not yet a page that may be written.
SELECT id, value = 6 AS ok, 'the kernel is to write to a read-only page, and says ' || value AS what FROM mark_instant WHERE name = 'read-only' ORDER BY id
