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
  # What the services have in common.
  confined = {
    Type = "notify";
    ExecReload = "${pkgs.coreutils}/bin/kill -HUP $MAINPID";
    EnvironmentFile = lib.optional (cfg.environmentFile != null) cfg.environmentFile;
    Restart = "on-failure";
    TimeoutStartSec = "5min";
    TimeoutStopSec = "20";
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
    LoadCredential = lib.mapAttrsToList (name: path: "${name}:${path}") cfg.credentials;
  };
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
        put secrets into `credentials` or `environmentFile`.
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

    credentials = lib.mkOption {
      type = lib.types.attrsOf lib.types.str;
      default = { };
      example = { link_key = "/run/secrets/waypost-link-key"; };
      description = "Files outside the Nix store with the values of options, by the option's name.";
    };

    monitor = lib.mkEnableOption "waypost monitor, which checks certificates, DNS and mail servers";
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
      serviceConfig = confined // {
        ExecStart = "${cfg.package}/bin/waypost serve";
        RestartSec = "1";
        WatchdogSec = "60";
      };
    };

    systemd.services.waypost-monitor = lib.mkIf cfg.monitor {
      description = "Waypost, monitor of certificates, DNS and mail servers";
      wantedBy = [ "multi-user.target" ];
      after = [ "network-online.target" ];
      wants = [ "network-online.target" ];
      restartTriggers = [ config.environment.etc."waypost/waypost.toml".source ];
      serviceConfig = confined // {
        ExecStart = "${cfg.package}/bin/waypost monitor";
        RestartSec = "30";
        WatchdogSec = "5min";
      };
    };
  };
}
