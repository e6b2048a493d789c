
dist_man_MANS += %reldir%/man/virtiofs-mount.1
