/*
 * Copying a tree of files, and giving it to another user.
 *
 * Who calls: handout.c makes a student's tree, work.c one to grade in. Whom: the C library. Only directories and regular files are copied: a link could
 * lead out of the tree.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

/* What becomes of a file or directory. */
enum tree_action { TREE_SKIP, TREE_COPY, TREE_DONE /* a file that the caller has written */, TREE_FAILED };

/* Asked for each, with its path below the tree's root, `from` and `to` being the whole paths. */
typedef enum tree_action tree_choice(void *context, const char *below, bool is_directory, const char *from, const char *to);

/* Copies with modes and dates. False after having said what went wrong. */
bool tree_copy(const char *from, const char *to, tree_choice *choice, void *context);

/* Asks the same, in the same order, of at most so many entries, and copies nothing. */
bool tree_look(const char *path, unsigned entries, tree_choice *choice, void *context);

/* One regular file, without following a link. False after having said what went wrong. */
bool tree_copy_file(const char *from, const char *to);

/* Gives everything to a user and group. */
bool tree_give(const char *path, uid_t user, gid_t group);

/* Removes it, links as links. */
void tree_remove(const char *path);
