-- title: stress: twelve readers on four CPUs and forty pages: nobody is forgotten, no page is asked for twice
-- points: 3
-- level: stress
-- run: crowd
-- least: 300
-- hint: What two CPUs may do at once is what the object's lock is for.

SELECT * FROM waits UNION ALL SELECT * FROM found UNION ALL SELECT * FROM requests ORDER BY 1
