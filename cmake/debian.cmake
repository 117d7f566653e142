# What Debian wants elsewhere than others do; CPack runs this on the installed files before it packs them.
set(share ${CPACK_TEMPORARY_INSTALL_DIRECTORY}/usr/share)
file(RENAME ${share}/zsh/site-functions ${share}/zsh/vendor-completions)
file(RENAME ${share}/doc/docker-machine/LICENSE ${share}/doc/docker-machine/copyright)
file(MAKE_DIRECTORY ${share}/lintian/overrides)
file(WRITE ${share}/lintian/overrides/docker-machine
  "# So that one file runs on every distribution.\ndocker-machine: statically-linked-binary [usr/bin/docker-machine]\n")
