"""How the requests of simulated clients reach servers, over HTTP and DNS."""
