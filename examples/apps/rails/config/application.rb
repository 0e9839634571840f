require "logger"
require "action_controller/railtie"

class Shop < Rails::Application
  config.eager_load = true
  config.consider_all_requests_local = false
  config.logger = Logger.new($stdout)
  config.secret_key_base = ENV.fetch("SECRET_KEY_BASE")

  health = ->(request) { request.path == "/healthz" }
  # TLS ends at the load balancer, which sets X-Forwarded-Proto. Its health check is plain HTTP, with the instance's
  # address as Host.
  config.force_ssl = true
  config.ssl_options = { redirect: { exclude: health } }
  config.hosts = ENV.fetch("RAILS_HOSTS").split(",")
  config.host_authorization = { exclude: health }

  routes.append do
    get "/healthz", to: ->(_env) { [200, { "content-type" => "text/plain" }, ["ok\n"]] }
    root to: ->(_env) { [200, { "content-type" => "text/plain" }, ["Rails, release #{ENV["RELEASE_SHA"]}\n"]] }
  end
end
