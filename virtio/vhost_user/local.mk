EXTRA_DIST += %reldir%/vhost_user.h
