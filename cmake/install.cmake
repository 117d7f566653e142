# What `cmake --install` puts where, and the Debian package made of it.
include(GNUInstallDirs)

install(TARGETS docker-machine RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES contrib/shell/completion.bash RENAME docker-machine
        DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
install(FILES contrib/shell/completion.zsh RENAME _docker-machine
        DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
install(FILES contrib/shell/completion.fish RENAME docker-machine.fish
        DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
install(FILES README.md LICENSE DESTINATION share/doc/docker-machine)
install(DIRECTORY docs DESTINATION share/doc/docker-machine)

# The docker client looks for its plugins here.
set(plugin_link ${CMAKE_BINARY_DIR}/docker-machine.plugin)
file(CREATE_LINK ../../../bin/docker-machine ${plugin_link} SYMBOLIC)
install(FILES ${plugin_link} RENAME docker-machine DESTINATION libexec/docker/cli-plugins)

find_program(LOWDOWN lowdown)
find_package(Python3 COMPONENTS Interpreter)
if(LOWDOWN AND Python3_FOUND)
  file(GLOB_RECURSE pages CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/docs/*.md)
  set(manual ${CMAKE_BINARY_DIR}/man1)
  add_custom_command(OUTPUT ${manual}.stamp
    COMMAND ${Python3_EXECUTABLE} ${CMAKE_SOURCE_DIR}/scripts/make_man_pages.py
            --lowdown ${LOWDOWN} --version ${DOCKER_MACHINE_VERSION} ${CMAKE_SOURCE_DIR}/docs ${manual}
    COMMAND ${CMAKE_COMMAND} -E touch ${manual}.stamp
    DEPENDS ${pages} ${CMAKE_SOURCE_DIR}/scripts/make_man_pages.py
    COMMENT "Making the manual pages")
  add_custom_target(manual ALL DEPENDS ${manual}.stamp)
  install(DIRECTORY ${manual}/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
else()
  message(STATUS "No manual pages: they need lowdown and python3")
endif()

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME docker-machine)
set(CPACK_PACKAGE_VERSION ${DOCKER_MACHINE_VERSION})
set(CPACK_PACKAGE_CONTACT "Docker Machine Contributors <docker-machine@users.noreply.github.com>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "create and manage machines running Docker")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION "Turns any server, or a virtual machine on this computer, into a
Docker host that only its owner can talk to, and hands the docker client the
keys to it.")
set(CPACK_DEBIAN_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS OFF)  # One static program.
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "openssh-client, ca-certificates")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "docker.io, rsync, sshfs, qemu-system-x86, qemu-utils")
set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_SOURCE_DIR}/cmake/debian.cmake)
include(CPack)
