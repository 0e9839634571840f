port ENV.fetch("PORT")
workers 2
threads 5, 5
preload_app!
persistent_timeout 75 # longer than loadBalancer.idleTimeout (60 s)
force_shutdown_after 25 # lets requests in flight finish
