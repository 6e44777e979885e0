# A module for NixOS. It is untested: the tests of Waypost have no Nix.
#   imports = [ ./waypost.nix ];
#   services.waypost = {
#     enable = true;
#     package = pkgs.callPackage ./package.nix { };   # your package of Waypost
#     settings = { proxy_count = 1; };
#     providersFile = ./providers.toml;
#   };
{ config, lib, pkgs, ... }:

let
  cfg = config.services.waypost;
  format = pkgs.formats.toml { };
  settings = cfg.settings
    // lib.optionalAttrs (cfg.providersFile != null) { providers = "${cfg.providersFile}"; };
in
{
  options.services.waypost = {
    enable = lib.mkEnableOption "Waypost, automatic configuration of mail clients";

    package = lib.mkOption {
      type = lib.types.package;
      description = "The package with bin/waypost.";
    };

    settings = lib.mkOption {
      inherit (format) type;
      default = { };
      example = { proxy_count = 1; };
      description = ''
        The options of waypost.toml. Every user of the machine can read them in the Nix store:
        put a database URI with a password into `environmentFile`.
      '';
    };

    providersFile = lib.mkOption {
      type = lib.types.nullOr lib.types.path;
      default = null;
      description = "The providers file to serve, instead of a database.";
    };

    environmentFile = lib.mkOption {
      type = lib.types.nullOr lib.types.str;
      default = null;
      example = "/run/secrets/waypost.env";
      description = "A file outside the Nix store with secrets, such as WAYPOST_DB_URI=...";
    };
  };

  config = lib.mkIf cfg.enable {
    environment.etc."waypost/waypost.toml".source = format.generate "waypost.toml" settings;
    environment.systemPackages = [ cfg.package ];

    users.users.waypost = {
      isSystemUser = true;
      group = "waypost";
      home = "/var/lib/waypost";
    };
    users.groups.waypost = { };

    systemd.services.waypost = {
      description = "Waypost, automatic configuration of mail clients";
      wantedBy = [ "multi-user.target" ];
      after = [ "network.target" ];
      restartTriggers = [ config.environment.etc."waypost/waypost.toml".source ];
      serviceConfig = {
        Type = "notify";
        ExecStart = "${cfg.package}/bin/waypost serve";
        ExecReload = "${pkgs.coreutils}/bin/kill -HUP $MAINPID";
        EnvironmentFile = lib.optional (cfg.environmentFile != null) cfg.environmentFile;
        Restart = "on-failure";
        RestartSec = "1";
        TimeoutStartSec = "5min";
        TimeoutStopSec = "20";
        WatchdogSec = "60";
        User = "waypost";
        StateDirectory = "waypost";
        UMask = "0027";
        AmbientCapabilities = "";
        CapabilityBoundingSet = "";
        DevicePolicy = "closed";
        LockPersonality = true;
        MemoryDenyWriteExecute = true;
        NoNewPrivileges = true;
        PrivateDevices = true;
        PrivateTmp = true;
        ProcSubset = "pid";
        ProtectClock = true;
        ProtectControlGroups = true;
        ProtectHome = true;
        ProtectHostname = true;
        ProtectKernelLogs = true;
        ProtectKernelModules = true;
        ProtectKernelTunables = true;
        ProtectProc = "invisible";
        ProtectSystem = "strict";
        RemoveIPC = true;
        RestrictAddressFamilies = [ "AF_INET" "AF_INET6" "AF_UNIX" "AF_NETLINK" ];
        RestrictNamespaces = true;
        RestrictRealtime = true;
        RestrictSUIDSGID = true;
        SystemCallArchitectures = "native";
        SystemCallErrorNumber = "EPERM";
        SystemCallFilter = [ "@system-service" "~@privileged @resources" ];
      };
    };
  };
}
