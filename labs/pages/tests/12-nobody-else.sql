-- title: No CPU is interrupted that need not be
-- points: 0
-- level: challenge
-- run: share
-- least: 40
-- hint: space->active has a bit for each CPU that translates through the space.

-- Who was told had this space active at some moment between the unmapping and the sync.
WITH cpu(cpu) AS (VALUES (0), (1))
SELECT s.id, NOT (s.told >> c.cpu & 1) OR EXISTS (SELECT 1 FROM turn t
		WHERE t.cpu = c.cpu AND t.space = s.space AND t.id < s.id AND t.end > s.start) AS ok,
	printf('CPU %d was told to forget space %d, and does not translate through it', c.cpu, s.space) AS what
FROM sync s, cpu c WHERE c.cpu <> s.cpu OR s.told >> c.cpu & 1 ORDER BY s.id
