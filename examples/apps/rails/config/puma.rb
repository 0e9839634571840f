port ENV.fetch("PORT")
workers 2
threads 5, 5
preload_app!
persistent_timeout 75 # longer than the load balancer's loadBalancer.idleTimeout (60 s)
force_shutdown_after 25 # requests in flight end first
