# What Debian wants elsewhere than others do, or besides; CPack runs this on the installed files before it packs them.
set(share ${CPACK_TEMPORARY_INSTALL_DIRECTORY}/usr/share)
set(doc ${share}/doc/docker-machine)
set(program ${CPACK_TEMPORARY_INSTALL_DIRECTORY}/usr/bin/docker-machine)
file(RENAME ${share}/zsh/site-functions ${share}/zsh/vendor-completions)

# Debian has the text of this license already. What the program consists of besides has the notices of its packages.
file(REMOVE ${doc}/LICENSE)
set(libraries libacl1-dev libarchive-dev libbrotli-dev libc6-dev libcurl4-openssl-dev libfmt-dev libidn2-dev libnghttp2-dev
  libpsl-dev libre2-dev libssh-dev libssl-dev libunistring-dev libzstd-dev nettle-dev nlohmann-json3-dev zlib1g-dev)
set(linked "")
file(MAKE_DIRECTORY ${doc}/libraries)
string(TIMESTAMP year "%Y" UTC)
foreach(library ${libraries})
  string(APPEND linked "\n  ${library}")
  file(COPY_FILE /usr/share/doc/${library}/copyright ${doc}/libraries/${library})
endforeach()
file(WRITE ${doc}/copyright "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: docker-machine
Comment:
 The program is linked statically with libraries of Debian, whose notices are in
 /usr/share/doc/docker-machine/libraries:${linked}

Files: *
Copyright: ${year} Docker Machine contributors
License: Apache-2.0
 On Debian systems, the full text of the Apache License, version 2.0, is in
 /usr/share/common-licenses/Apache-2.0.
")

string(TIMESTAMP date "%a, %d %b %Y %H:%M:%S +0000" UTC)
file(WRITE ${doc}/changelog "docker-machine (${CPACK_PACKAGE_VERSION}) unstable; urgency=medium

  * Release ${CPACK_PACKAGE_VERSION}.

 -- ${CPACK_PACKAGE_CONTACT}  ${date}
")
find_program(GZIP gzip REQUIRED)
find_program(STRIP strip REQUIRED)
execute_process(COMMAND ${GZIP} -9n ${doc}/changelog COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${STRIP} --remove-section=.comment --remove-section=.note ${program} COMMAND_ERROR_IS_FATAL ANY)

file(WRITE ${share}/lintian/overrides/docker-machine "# One static program, so that it runs on every distribution.
docker-machine: shared-library-lacks-prerequisites [usr/bin/docker-machine]
docker-machine: embedded-library * [usr/bin/docker-machine]
# Words in the tables of the libraries.
docker-machine: spelling-error-in-binary * [usr/bin/docker-machine]
")
