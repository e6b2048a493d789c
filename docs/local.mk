
dist_man_MANS += %reldir%/man/virtiofs-mount.1

dist_man_MANS += \
	%reldir%/man/pciplug-info.1 \
	%reldir%/man/pciplug-vfio-user.1
