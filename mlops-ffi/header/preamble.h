/*
 * mlops: experiment tracking, data, features, registry, monitoring and rollout in one embedded store.
 *
 * Made from the sources of mlops-ffi; a test makes it again and compares. Do not edit it.
 *
 * Rules that hold for every function:
 *
 * - Errors. A function that can fail returns an mlops_status, MLOPS_OK or an error's number. Its last parameter `err`
 *   may be NULL; else `*err` becomes NULL on success and a new error on failure, with the value that was wrong and the
 *   way out, freed with mlops_error_free. Other outputs are written only on success.
 * - Pointers. NULL gives MLOPS_INVALID_ARGUMENT, but for `err`, for arrays of length 0, and for the functions that
 *   free or read one field, which take NULL as nothing. No input aborts the program; a panic inside the library
 *   becomes MLOPS_INTERNAL.
 * - Text is UTF-8 with a length (mlops_str): MLOPS_STR("literal") or mlops_cstr(pointer). Arguments are borrowed for
 *   the call. Text that comes back is borrowed from the object it was read from, lives as long as that, and is
 *   followed by a NUL that its length does not count.
 * - Ownership. What an out parameter gives is the caller's, and is freed with the function of its type: never with
 *   free(). What a list gives belongs to the list.
 * - Threads. Every function may be called from any thread, also at the same time on one handle. Free a handle when no
 *   other thread uses it any more. Calls block; the store has threads of its own, which stop when it closes.
 * - Fork. A forked child can only free what it inherited; all other calls on it give MLOPS_INVALID_STATE. It opens
 *   stores of its own.
 * - Structs that begin with struct_size grow in later versions: begin with their MLOPS_..._INIT macro.
 * - Times are UTC microseconds since 1970.
 */
