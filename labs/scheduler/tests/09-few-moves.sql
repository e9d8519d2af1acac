-- title: challenge: threads are moved no more often than it takes
-- points: 0
-- level: challenge
-- run: uneven
-- handout: pass
-- hint: A thread that is moved leaves its data behind. Which of the moves would a longer look have saved?

SELECT count(*) <= 2 * count(DISTINCT thread) + 4 AS ok, count(*) || ' moves' AS what FROM thread_move WHERE thread IN (SELECT thread FROM thread WHERE process_name = 'load')
