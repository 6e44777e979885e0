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

    private $url;

    public function init()
    {
        $this->url = (string) rcmail::get_instance()->config->get('waypost_setup_url');
        if ($this->url === '') {
            $message = 'waypost_setup_url is not set in config.inc.php; the settings have no link';
            rcube::raise_error(
                ['code' => 600, 'file' => __FILE__, 'line' => __LINE__, 'message' => $message],
                true
            );

            return;
        }
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
        $address = rcmail::get_instance()->get_user_email();
        $separator = strpos($this->url, '?') === false ? '?' : '&';
        $query = http_build_query(['emailaddress' => $address]);
        header("Location: {$this->url}{$separator}{$query}", true, 303);
        exit;
    }
}
