-- title: Taking back costs less than 500 instructions a handle
-- points: 0
-- level: challenge
-- run: tree
-- least: 2
-- hint: vitrine graph calls shows where they go.
SELECT s.id, s.dur < 500 * v.revoked AS ok, s.dur / v.revoked || ' instructions for each of ' || v.revoked || ' handles' AS what
FROM handle_revoke v JOIN syscall s ON s.thread = v.thread AND v.id BETWEEN s.id AND s.end_id WHERE v.revoked >= 10 ORDER BY s.id
