dist_man_MANS += \
	%reldir%/man/lsvirtiofs.1 \
	%reldir%/man/pciplug-info.1 \
	%reldir%/man/pciplug-vfio-user.1 \
	%reldir%/man/vhost-user-virtiofs.1 \
	%reldir%/man/virtiofs-bench.1 \
	%reldir%/man/virtiofs-mount.1 \
	%reldir%/man/virtiofs-plugin.7
EXTRA_DIST += \
	%reldir%/README.md \
	%reldir%/abi.md \
	%reldir%/architecture.md \
	%reldir%/benchmarks.md \
	%reldir%/benchmarks.svg \
	%reldir%/fuse.md \
	%reldir%/logging.md \
	%reldir%/security.md \
	%reldir%/virtio-conformance.md \
	%reldir%/semantics.md \
	%reldir%/testing.md \
	%reldir%/vhost-user.md
