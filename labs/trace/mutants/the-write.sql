-- mutant: the write that loses a coin is named, not the read before it
-- fails: moment
-- run: till-ppc64-1
SELECT * FROM (SELECT 'moment', m.cpu || ':' || m.seq FROM mark_instant m WHERE m.name = 'wrote'
	AND EXISTS (SELECT 1 FROM mark_instant o WHERE o.name = 'wrote' AND o.thread <> m.thread AND o.value = m.value AND o.id < m.id) ORDER BY m.id LIMIT 1)
