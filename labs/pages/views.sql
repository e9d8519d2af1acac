-- What several tests look at.

-- A try is a mark of the program; the next mark has its outcome as its value, and `end` as its id.
CREATE TEMP VIEW try AS SELECT id, name, value, lead(id) OVER (ORDER BY id) AS end, lead(value) OVER (ORDER BY id) AS done
	FROM mark_instant;

-- The tables of each space, in the order in which they were made.
CREATE TEMP VIEW made AS SELECT id, space, level, row_number() OVER (PARTITION BY space ORDER BY id) AS number FROM mmu_table;

-- For how long a CPU translates through a space.
CREATE TEMP VIEW turn AS SELECT cpu, space, id, ifnull(lead(id) OVER (PARTITION BY cpu ORDER BY id), 1 << 60) AS end
	FROM mmu_activate;

-- When users' spaces were synced; `start` is what that was for, the unmapping before it.
CREATE TEMP VIEW sync AS SELECT s.*, (SELECT max(u.id) FROM mmu_unmap u WHERE u.cpu = s.cpu AND u.space = s.space AND u.id < s.id)
		AS start
	FROM mmu_sync s WHERE s.space <> 0;
