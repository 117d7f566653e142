// What the static program has in place of Kerberos, LDAP, RTMP and a second SSH library, which Debian's libcurl and
// libssh are linked with and nobody calls here: we allow http and https only, and log in by key only.
// cmake/not_available.txt names the functions; the linker points each of them to not_available().

int not_available(void) { return -1; }

// libcurl calls this one when it starts, whatever it is going to do, and gives up if it fails.
int libssh2_init(int flags) {
  (void)flags;
  return 0;
}

void *GSS_C_NT_HOSTBASED_SERVICE = 0;
void *GSS_C_NT_USER_NAME = 0;
