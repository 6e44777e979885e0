<?php

/**
 * A link in the settings of Roundcube to Waypost's setup page, with the address of the person.
 *
 * Copy the folder waypost_setup to Roundcube's folder plugins, and add to its config.inc.php:
 *
 *     $config['plugins'][] = 'waypost_setup';
 *     $config['waypost_setup_url'] = 'https://setup.example.com/';
 */
class waypost_setup extends rcube_plugin
{
    public $task = 'settings';

    public function init()
    {
        $this->add_texts('localization/');
        $this->add_hook('settings_actions', [$this, 'add_link']);
        $this->register_action('plugin.waypost_setup', [$this, 'open_page']);
    }

    /** Add the link below Preferences, Folders, Identities and Responses. */
    public function add_link($args)
    {
        $args['actions'][] = [
            'action' => 'plugin.waypost_setup',
            'class' => 'identity',
            'label' => 'set_up_device',
            'title' => 'set_up_device',
            'domain' => 'waypost_setup',
        ];

        return $args;
    }

    /** Send the browser to the page. It cannot be shown in a frame of Roundcube. */
    public function open_page()
    {
        $rcmail = rcmail::get_instance();
        $url = $rcmail->config->get('waypost_setup_url');
        $query = http_build_query(['emailaddress' => $rcmail->get_user_email()]);
        header("Location: {$url}?{$query}", true, 303);
        exit;
    }
}
